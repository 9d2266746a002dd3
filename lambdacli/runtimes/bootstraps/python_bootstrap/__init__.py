"""The Python runtime: fetches events from the Runtime API, calls the handler, posts what it answers.

Runs on the user's interpreter (3.8 or newer) as `[interpreter, /var/runtime/bootstrap.py]`, with nothing but
the standard library. Which folder stands for /var/task and its like comes in one private variable.

Its parts are read and tested one by one, and run as one program, which `lambdacli/runtimes/python.py` joins:
modules of ours would be found by user code in sys.modules and on its search path, and each would cost every
start the time to find and compile it. So no two parts define the same name, and what a part needs of another
it imports in one line that begins with `from .`, which the program leaves out."""
