"""PeninProposal: `policy` judges, `course` decides, `target` is what changes, `reconciler` acts."""
