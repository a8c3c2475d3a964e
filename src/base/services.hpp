// What main makes once and everybody is handed: no globals, no singletons, no environment reads below main.
#pragma once

namespace tp {

class clock_source;
class logger;
class metrics;
class random_source;

struct services {
  clock_source& clock;
  random_source& random;
  logger& log;
  metrics& meters;
};

}  // namespace tp
