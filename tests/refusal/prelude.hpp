// Everything the shapes include, precompiled once: a shape then costs a tenth of a second instead of one.
#pragma once

#include <cstdio>
#include <functional>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/secret.hpp"
#include "codec/json.hpp"
