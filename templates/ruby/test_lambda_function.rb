require "json"
require "minitest/autorun"

require_relative "lambda_function"

class LambdaHandlerTest < Minitest::Test
  Context = Struct.new(:aws_request_id)

  def test_greets_the_first_key_of_the_sample_event
    event = JSON.parse(File.read(File.join(__dir__, "events", "event.json")))
    assert_equal({ message: "Hello, value1!" }, lambda_handler(event: event, context: Context.new("test")))
  end

  def test_greets_the_world_without_a_key
    assert_equal({ message: "Hello, world!" }, lambda_handler(event: {}, context: Context.new("test")))
  end
end
