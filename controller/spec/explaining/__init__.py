"""What stands where in a spec, in words: the questions of ``trueup explain``, answered from the models that judge specs."""
