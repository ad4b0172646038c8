"""The first files of a workflow and of a project, as they are written.

files/       what they say; NEW-NAME and the like stand for what is asked
drafts.py    kind and name → path and text of each file
copying.py   the same from a workflow that is there already
"""
