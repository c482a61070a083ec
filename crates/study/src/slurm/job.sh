#!/bin/sh
# The workers of a study, made by `train sweep --launcher slurm`: each task takes trials from the study's queue until
# none is left.
#SBATCH --job-name={name}
#SBATCH --array=1-{tasks}
#SBATCH --chdir={folder}
#SBATCH --output={output}
#SBATCH --open-mode=append
#SBATCH --ntasks={processes}
#SBATCH --cpus-per-task={threads}
# A minute before its time is up a worker is asked to save. It does, and goes back to Slurm's queue to go on.
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
{options}
# In the shell's place, so that Slurm's signal reaches it.
exec {command}
