#!/bin/sh
# Runs the handler without the runtime around it.
cd "$(dirname "$0")" || exit 1
. ./function.sh

failures=0
expect() {
  if [ "$2" = "$3" ]; then
    echo "ok: $1"
  else
    echo "not ok: $1: expected $2, got $3"
    failures=$((failures + 1))
  fi
}

expect "greets the first key of the sample event" '{"message":"Hello, value1!"}' "$(handler <events/event.json)"
expect "greets the world without a key" '{"message":"Hello, world!"}' "$(echo '{}' | handler)"
[ "$failures" -eq 0 ]
