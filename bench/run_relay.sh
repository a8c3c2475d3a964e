#!/bin/sh
# run_relay.sh PORT [options of bench_node] - our relay in the foreground, a node that answers from memory behind it.
# BENCH_BIN: folder of the programs. The node runs on NODE_CPU (default 0) and ends with its session.
set -e
port=$1; shift
dir=${PERF_TMP:-/tmp/perf}/relay-$port; mkdir -p "$dir"
node="$BENCH_BIN/bench_node --relay http://127.0.0.1:$port --pidfile $dir/node.pid"
if [ -n "${NODE_CPU-0}" ]; then node="taskset -c ${NODE_CPU-0} $node"; fi
( $node "$@" & )
exec "$BENCH_BIN/tokenplace-relay" --port "$port" --state-dir "$dir/state" --log-level error
