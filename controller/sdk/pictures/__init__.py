"""Pictures: how a record names one, and what makes it fit for a target.

naming    what a spec says about a picture, and the value that stands for it in entities
portrait  any picture to a small, plain JPEG (needs Pillow; imported by nobody else)
"""
