def lambda_handler(event:, context:)
  puts "request #{context.aws_request_id}: #{event.size} keys"
  { message: "Hello, #{event.fetch('key1', 'world')}!" }
end
