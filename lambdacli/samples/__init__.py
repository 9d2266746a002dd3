"""Events as AWS's producers send them: data below `events/`, and the one generator that fills it."""
