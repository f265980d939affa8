"""The job scheduler of the central service: tasks that run by themselves at their times (R63, R65, R70-R72)."""
