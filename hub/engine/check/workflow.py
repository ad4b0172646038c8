def check_file(file, *, context, called, hub_file):
    return []
