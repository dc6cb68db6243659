"""Every key of every settings file, from the models that read them; `otkel keys`, `otkel new`."""
