"""What documents get from elsewhere: values files, defaults, profiles, records of ``forEach``, new names."""
