# frozen_string_literal: true

# The Ruby runtime: fetches events from the Runtime API, calls the handler, posts what it answers.
#
# Runs on the user's interpreter as `[ruby, /var/runtime/lib/bootstrap.rb]`, with nothing but the standard library.
# Which folder stands for /var/task and its like comes in one private variable.

require 'json'
require 'logger'
require 'socket'
require 'stringio'

module LamRuntime
  INIT_FAILED = -4
  RUNTIME_FAILED = -2
  HANDLER_FAILED = -1

  # What a caller gets, and what is logged, of an error.
  class Failure
    SHOWN_TYPES = %w[
      ArgumentError NoMethodError Exception StandardError NameError LoadError SystemExit SystemStackError
    ].freeze
    FRAMES = 100

    attr_reader :exit_code

    def initialize(error, kind, places, exit_code = nil)
      @error = error
      @kind = kind
      @places = places
      @exit_code = exit_code
    end

    def header_type
      SHOWN_TYPES.include?(@error.class.to_s) ? type : 'Function<UserException>'
    end

    def body
      { errorMessage: text(message), errorType: type, stackTrace: stack }
    end

    private

    def type
      "#{@kind}<#{@error.class}>"
    end

    # Without the line of code that Ruby 3.1 adds; later ones keep it out by themselves.
    def message
      @error.respond_to?(:original_message) ? @error.original_message : @error.message
    end

    def text(message)
      message.to_s.encode('UTF-8', invalid: :replace, undef: :replace)
    end

    # Up to our own frames: below them there is nothing of the function's.
    def stack
      frames = (@error.backtrace_locations || []).first(FRAMES).map { |frame| @places.inside(frame.to_s) }
      frames.take_while { |frame| !frame.start_with?('/var/runtime/lib') }
    end
  end

  # The folders of this environment, and how Lambda calls them.
  class Places
    def initialize(document)
      # The longest first: the state folder, and with it the runtime's, may lie inside the function's.
      @names = [
        [document['task_root'], '/var/task'],
        [document['opt_root'], '/opt'],
        [document['runtime_root'], '/var/runtime']
      ].sort_by { |root, _name| -root.size }
    end

    def inside(path)
      root, name = @names.find { |candidate, _name| path.start_with?("#{candidate}/") }
      root.nil? ? path : name + path[root.size..]
    end
  end

  # The platform's framed channel: what is written at once stays one event.
  class LogChannel
    FRAME_TEXT = 0xa55a0003

    def initialize(descriptor)
      @io = descriptor.nil? ? nil : IO.new(Integer(descriptor), 'wb', autoclose: false)
      @io&.sync = true
    end

    def framed?
      !@io.nil?
    end

    def write(text)
      return $stdout.write(text) if @io.nil?

      data = text.encode('UTF-8', invalid: :replace, undef: :replace).b
      now = Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond)
      @io.write([FRAME_TEXT, data.bytesize, now].pack('NNQ>') + data)
      text.bytesize
    end

    # For Logger, which asks its device for more than `write`.
    def close; end
  end

  # What the handler gets as its context.
  class Context
    attr_reader :aws_request_id, :invoked_function_arn, :log_group_name, :log_stream_name, :function_name,
                :memory_limit_in_mb, :function_version, :identity, :client_context, :deadline_ms, :tenant_id

    def initialize(headers)
      @aws_request_id = headers['lambda-runtime-aws-request-id']
      @deadline_ms = headers['lambda-runtime-deadline-ms'].to_i
      @invoked_function_arn = headers['lambda-runtime-invoked-function-arn']
      @log_group_name = ENV['AWS_LAMBDA_LOG_GROUP_NAME']
      @log_stream_name = ENV['AWS_LAMBDA_LOG_STREAM_NAME']
      @function_name = ENV['AWS_LAMBDA_FUNCTION_NAME']
      @memory_limit_in_mb = ENV['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']
      @function_version = ENV['AWS_LAMBDA_FUNCTION_VERSION']
      @tenant_id = headers['lambda-runtime-aws-tenant-id']
      @identity = parsed(headers['lambda-runtime-cognito-identity'])
      @client_context = parsed(headers['lambda-runtime-client-context'])
    end

    def get_remaining_time_in_millis
      [@deadline_ms - Process.clock_gettime(Process::CLOCK_REALTIME, :millisecond), 0].max
    end

    private

    def parsed(text)
      text.nil? ? nil : JSON.parse(text)
    end
  end

  # A client of the Runtime API over one kept connection. Straight to the platform, an answer and the question for the
  # next event leave in one write; any correct HTTP/1.1 answer is understood.
  class RuntimeApi
    PREFIX = '/2018-06-01/runtime/'

    def initialize(address, is_direct)
      @address = address
      @is_direct = is_direct
      @is_next_asked = false
    end

    def next
      send_all(request('GET', 'invocation/next')) unless @is_next_asked
      @is_next_asked = false
      status, headers, body = read_answer
      raise "the Runtime API answered #{status} to next" unless status == 200

      [headers, body]
    end

    def post(path, body, headers = {}, is_followed: true)
      message = request('POST', path, body, headers)
      @is_next_asked = @is_direct && is_followed
      message << request('GET', 'invocation/next') if @is_next_asked
      send_all(message)
      status, _headers, told = read_answer
      return if [202, 413].include?(status)

      raise "the Runtime API answered #{status} to #{path}: #{told}"
    end

    private

    def request(method, path, body = nil, headers = {})
      head = "#{method} #{PREFIX}#{path} HTTP/1.1\r\nHost: #{@address}\r\nUser-Agent: lam-ruby/#{RUBY_VERSION}\r\n"
      return "#{head}\r\n".b if body.nil?

      headers = { 'Content-Type' => 'application/json' }.merge(headers)
      headers.each { |name, value| head << "#{name}: #{value}\r\n" }
      "#{head}Content-Length: #{body.bytesize}\r\n\r\n".b << body.b
    end

    def send_all(message)
      connect if @socket.nil?
      @socket.write(message)
    end

    def connect
      host, _colon, port = @address.rpartition(':')
      @socket = TCPSocket.new(host, port.to_i)
      @socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    end

    def read_answer
      status_line = @socket.gets("\r\n")
      # The platform is gone, and with it all reason to live.
      exit!(1) if status_line.nil?
      status = status_line.split(' ', 3)[1].to_i
      headers = read_headers
      return read_answer if (100..199).cover?(status)

      body = read_body(headers)
      if headers['connection']&.downcase == 'close'
        @socket.close
        @socket = nil
        @is_next_asked = false
      end
      [status, headers, body]
    end

    def read_headers
      headers = {}
      while (line = @socket.gets("\r\n")&.chomp("\r\n")) && !line.empty?
        name, value = line.split(':', 2)
        headers[name.downcase] = value.to_s.strip
      end
      headers
    end

    def read_body(headers)
      return read_chunks if headers['transfer-encoding']&.downcase&.end_with?('chunked')
      return @socket.read(headers['content-length'].to_i) if headers.key?('content-length')

      headers['connection']&.downcase == 'close' ? @socket.read : ''
    end

    def read_chunks
      body = ''.b
      while (size = @socket.gets("\r\n").to_i(16)).positive?
        body << @socket.read(size)
        @socket.gets("\r\n")
      end
      read_headers
      body
    end
  end

  # `file.method` or `file.Class.method`.
  class Handler
    attr_reader :file

    def initialize(name)
      parts = name.split('.')
      unless [2, 3].include?(parts.size)
        raise ArgumentError,
              "Invalid handler #{parts}, must be of form FILENAME.METHOD or FILENAME.CLASS.METHOD where " \
              'FILENAME corresponds with an existing Ruby source file FILENAME.rb, CLASS is an optional ' \
              'module/class namespace and METHOD is a callable method. If using CLASS, METHOD must be a ' \
              'class-level method.'
      end
      @file = parts.first
      @method = parts.last
      @class_name = parts.size == 3 ? parts[1] : nil
    end

    def call(event, context)
      receiver = @class_name.nil? ? TOPLEVEL_BINDING.receiver : Kernel.const_get(@class_name)
      receiver.__send__(@method, event: event, context: context)
    end
  end

  # Lets the debugger listen, before any of the function's code runs.
  module Debugger
    def self.listen(settings)
      # It is found here only: the function's own gems have none.
      found = $LOAD_PATH.dup
      $LOAD_PATH.unshift(*settings['folders'])
      ENV['RUBY_DEBUG_LOG_LEVEL'] = 'ERROR'
      require 'debug/session'
      require 'debug/server'
      # It pauses whatever it is attached to by this signal, and passes that on when the pause is over.
      is_over = false
      trap(:URG) { is_over = true } if settings['waits']
      DEBUGGER__.open_tcp(host: settings['host'], port: settings['port'], nonstop: true)
      ENV.delete('RUBY_DEBUG_LOG_LEVEL')
      $LOAD_PATH.replace(found)
      sleep 0.01 until is_over || !settings['waits']
    end
  end

  # The loop.
  class Runtime
    def initialize
      document = JSON.parse(ENV.delete('_LAM_PLACES'))
      @places = Places.new(document)
      @log = LogChannel.new(ENV.delete('_LAMBDA_TELEMETRY_LOG_FD'))
      @is_direct = document['direct']
      @debugger = document['debugger']
    end

    def run
      name = ENV['_HANDLER']
      if name.nil? || name.empty?
        puts 'No handler specified, exiting Runtime Interface Client.'
        exit!(0)
      end
      prepare_output
      @api = RuntimeApi.new(address, @is_direct)
      Debugger.listen(@debugger) if @debugger
      handler = load_handler(name)
      loop { serve(handler, *@api.next) }
    end

    private

    def address
      ENV.fetch('AWS_LAMBDA_RUNTIME_API') do
        puts 'Failed to get runtime server address from AWS_LAMBDA_RUNTIME_API env variable'
        exit!(RUNTIME_FAILED & 0xff)
      end
    end

    # What is printed is out when the call returns; what one call of `puts` or of a logger prints is one event.
    def prepare_output
      $stdout.sync = true
      $stderr.sync = true
      LogFormat.install
      Framed.install(@log) if @log.framed?
    end

    def load_handler(name)
      handler = Handler.new(name)
      require handler.file
      handler
    rescue Exception => e # rubocop:disable Lint/RescueException -- whatever ends the init is told
      failure = Failure.new(e, 'Init', @places, INIT_FAILED)
      told(failure, "Init error when loading handler #{name}")
      hint(e)
      @api.post('init/error', JSON.generate(failure.body), error_headers(failure), is_followed: false)
      leave(failure.exit_code)
    end

    def hint(error)
      missing = error.is_a?(LoadError) && error.path.to_s[/\Aaws-sdk[-\w]*/]
      return unless missing

      warn "lam: #{missing} comes with Ruby on AWS, not here: add it to the Gemfile and run " \
           '`bundle install --path vendor/bundle` beside the code'
    end

    def serve(handler, headers, body)
      id = headers['lambda-runtime-aws-request-id']
      LogFormat.request_id = id
      trace = headers['lambda-runtime-trace-id']
      trace.nil? ? ENV.delete('_X_AMZN_TRACE_ID') : ENV['_X_AMZN_TRACE_ID'] = trace
      answer, type = answer_of(handler, headers, body)
    rescue RuntimeFault => e
      fail_invocation(id, Failure.new(e.cause, 'Runtime', @places, RUNTIME_FAILED), nil)
    rescue NameError => e # NoMethodError is one
      fail_invocation(id, Failure.new(e, 'Function', @places, HANDLER_FAILED), 'Critical exception from handler')
    rescue StandardError => e
      fail_invocation(id, Failure.new(e, 'Function', @places), 'Error raised from handler method')
    rescue Exception => e # rubocop:disable Lint/RescueException -- exit is no way to end an invocation in silence
      fail_invocation(id, Failure.new(e, 'Function', @places, HANDLER_FAILED), 'Critical exception from handler')
    else
      @api.post("invocation/#{id}/response", answer, { 'Content-Type' => type })
    end

    # An event or context that the runtime cannot read: the cause tells why.
    class RuntimeFault < StandardError; end

    def answer_of(handler, headers, body)
      begin
        body.force_encoding('UTF-8')
        event = headers['content-type'].to_s.start_with?('application/json') ? JSON.parse(body) : body
        context = Context.new(headers)
      rescue StandardError
        raise RuntimeFault
      end
      result = handler.call(event, context)
      return [result.set_encoding('BINARY').read, 'application/unknown'] if result.is_a?(StringIO)
      return [result.binmode.read, 'application/unknown'] if result.is_a?(IO)

      [result.to_json, 'application/json']
    end

    def fail_invocation(id, failure, message)
      told(failure, message) unless message.nil?
      is_last = !failure.exit_code.nil?
      body = JSON.generate(failure.body)
      @api.post("invocation/#{id}/error", body, error_headers(failure), is_followed: !is_last)
      leave(failure.exit_code) if is_last
    end

    def error_headers(failure)
      { 'Lambda-Runtime-Function-Error-Type' => failure.header_type }
    end

    def told(failure, message)
      @log.write("#{message}\n#{JSON.pretty_generate(failure.body)}\n")
    end

    # Not `exit`: what the function registered for the end ran nowhere else either.
    def leave(code)
      $stdout.flush
      exit!(code & 0xff)
    end
  end

  # `Logger` as Lambda patches it: the request id stands in each line.
  module LogFormat
    class << self
      attr_accessor :request_id

      def install
        formatter = Class.new(Logger::Formatter) do
          const_set(:LAYOUT, "%s, [%s #%d] %5s %s -- %s: %s\n")

          def call(severity, time, program, message)
            stamp = time.strftime('%Y-%m-%dT%H:%M:%S.%6N')
            values = [severity[0], stamp, Process.pid, severity, LogFormat.request_id, program, msg2str(message)]
            format(self.class::LAYOUT, *values)
          end
        end
        Logger.prepend(Module.new do
          define_method(:initialize) do |*arguments, **options, &block|
            super(*arguments, **options, &block)
            @default_formatter = formatter.new
          end
        end)
      end
    end
  end

  # `puts`, and loggers of the standard streams, write frames.
  module Framed
    def self.install(log)
      Kernel.module_eval do
        define_method(:puts) do |*values|
          lines = values.empty? ? [''] : values.flatten.map(&:to_s)
          text = lines.join("\n")
          log.write(text.end_with?("\n") ? text : "#{text}\n")
          nil
        end
        private :puts
      end
      Logger.prepend(Module.new do
        define_method(:initialize) do |device = nil, *arguments, **options, &block|
          is_standard = [$stdout, $stderr, STDOUT, STDERR].any? { |stream| stream.equal?(device) }
          super(is_standard ? log : device, *arguments, **options, &block)
        end
      end)
    end
  end
end

LamRuntime::Runtime.new.run
