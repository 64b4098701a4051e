// Steps of the document by the path of a run: loop keys, branches and catches are seen through.
import { bodyOfCall, type Path, type Program } from '../kernel/index.ts'
import type { Block, Step } from '../language/index.ts'

const cache = new WeakMap<Program, Map<Path, Step | undefined>>()

export function stepOfPath(program: Program, path: Path): Step | undefined {
  const known = cache.get(program) ?? new Map<Path, Step | undefined>()
  cache.set(program, known)
  if (!known.has(path)) known.set(path, locate([program.root], path))
  return known.get(path)
}

const SEGMENT = /^([A-Za-z0-9]+)(?:\[([^\]]*)\])?(!catch)?(?:\/(.*))?$/s

function locate(blocks: readonly Block[], path: Path): Step | undefined {
  const [, id, key, caught, rest] = SEGMENT.exec(path) ?? []
  const step = blocks.flatMap((block) => block.steps).find((each) => each.id === id)
  if (!step || rest === undefined) return step
  return locate(bodiesOf(step, key, caught !== undefined), rest)
}

function bodiesOf(step: Step, key: string | undefined, caught: boolean): readonly Block[] {
  switch (step.kind) {
    case 'scope':
      return caught && step.catch ? [step.catch.body] : [step.body]
    case 'foreach':
      return [step.body]
    case 'parallel':
      return step.branches.filter((branch) => branch.name === key).map((branch) => branch.body)
    case 'switch':
      return [...step.cases.map((each) => each.body), ...(step.else ? [step.else] : [])]
    case 'runbook':
      return [bodyOfCall(step)]
    case 'uses':
    case 'wait':
    case 'approve':
    case 'end':
    case 'fail':
      return []
  }
}

/** Every step of a block, those inside included. */
export function* everyStep(block: Block): Generator<Step> {
  for (const step of block.steps) {
    yield step
    const bodies =
      step.kind === 'parallel'
        ? step.branches.map((branch) => branch.body)
        : step.kind === 'scope' && step.catch
          ? [step.body, step.catch.body]
          : bodiesOf(step, undefined, false)
    for (const body of bodies) yield* everyStep(body)
  }
}

/** The outermost loop or branch that runs beside others on this path: `backup/vms[1]`; undefined outside of all. */
export const strandOf = (path: Path): string | undefined => /^[^[]*\[[^\]]*\]/.exec(path)?.[0]
