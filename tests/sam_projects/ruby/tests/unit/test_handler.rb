require "json"
require "test/unit"
require_relative "../../hello_world/app"

class HelloWorldTest < Test::Unit::TestCase
  def test_lambda_handler
    assert_equal 200, lambda_handler(event: {}, context: nil)[:statusCode]
  end
end
