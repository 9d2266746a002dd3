# The event comes on standard input; what is printed on standard output is the response, on standard error a log line.
handler() {
  event=$(cat)
  echo "event of ${#event} characters" >&2
  name=$(printf '%s' "$event" | tr -d '\n' | sed -n 's/.*"key1" *: *"\([^"]*\)".*/\1/p')
  printf '{"message":"Hello, %s!"}\n' "${name:-world}"
}
