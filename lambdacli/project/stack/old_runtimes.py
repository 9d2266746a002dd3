"""Runtimes that AWS creates no more, and what runs their functions here: the nearest that is left."""

from __future__ import annotations

NEAREST = {
    "nodejs": "nodejs16.x",
    "nodejs4.3": "nodejs16.x",
    "nodejs4.3-edge": "nodejs16.x",
    "nodejs6.10": "nodejs16.x",
    "nodejs8.10": "nodejs16.x",
    "nodejs10.x": "nodejs16.x",
    "nodejs12.x": "nodejs16.x",
    "nodejs14.x": "nodejs16.x",
    "python2.7": "python3.8",
    "python3.6": "python3.8",
    "python3.7": "python3.8",
    "ruby2.5": "ruby3.2",
    "ruby2.7": "ruby3.2",
    "java8": "java8.al2",
    "go1.x": "provided.al2",
    "provided": "provided.al2",
    "dotnetcore1.0": "dotnet6",
    "dotnetcore2.0": "dotnet6",
    "dotnetcore2.1": "dotnet6",
    "dotnetcore3.1": "dotnet6",
}
