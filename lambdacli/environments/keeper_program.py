"""Started by path as `python -I -S keeper_program.py FD`: the keeper, without anything of lam's but its
package."""

import importlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
importlib.import_module("keeper.loop").main()
