// Joins documents into a program: the runbook, those that it calls, and what the packs say of all they use. Inside a program every
// name is qualified, so that what an alias means in one document decides nothing in another.
import { type Block, qualify, type Runbook, type Step } from '../language/index.ts'
import type { Action, Catalogue, ResourceType } from '../packs/index.ts'
import { everyStep, type Program } from './program.ts'

/** Joins checked runbooks with the catalogue. Throws where a name does not resolve: check reports that to people first. */
export function link(runbook: Runbook, catalogue: Catalogue): Program {
  const whole = createJoining(catalogue)(runbook, [])
  const actions: Record<string, Action> = {}
  const resources: Record<string, ResourceType> = {}

  const needAction = (name: string): void => {
    if (actions[name]) return
    const action = catalogue.action(name)
    if (!action) throw new Error(`the packs hold no action ${name}`)
    actions[name] = action
    if (action.resource !== undefined) needResource(action.resource)
  }
  const needResource = (name: string): void => {
    if (resources[name]) return
    const resource = catalogue.resource(name)
    if (!resource) throw new Error(`the packs hold no resource type ${name}`)
    resources[name] = resource
    const { find, probe, lease, release } = resource
    for (const needed of [find, probe, lease?.renew, release.action]) if (needed !== undefined) needAction(needed)
  }

  const root: Block = { steps: whole.steps, yield: whole.outputs, span: whole.span }
  for (const step of everyStep(root)) if (step.kind === 'uses') needAction(step.action)
  const targets = whole.targets.map(({ name, alias, connection }) => ({ name, connection: `${alias}/${connection}` }))
  return { name: runbook.name, version: runbook.version, root, targets, actions, resources }
}

/** Answers the document with qualified names, and in each call the document that it means, joined likewise. */
function createJoining(catalogue: Catalogue): (runbook: Runbook, callers: readonly string[]) => Runbook {
  const joined = new Map<string, Runbook>()

  function join(runbook: Runbook, callers: readonly string[]): Runbook {
    const packs: Readonly<Record<string, string>> = {
      core: 'core',
      ...Object.fromEntries(runbook.uses.map(({ alias, pack }) => [alias, pack])),
    }

    const inBlock = (block: Block): Block => ({ ...block, steps: block.steps.map(inStep) })
    function inStep(step: Step): Step {
      switch (step.kind) {
        case 'uses':
          return { ...step, action: qualify(packs, step.action) ?? step.action }
        case 'runbook':
          return { ...step, called: called(step.runbook, callers) }
        case 'scope':
          return {
            ...step,
            body: inBlock(step.body),
            ...(step.catch ? { catch: { ...step.catch, body: inBlock(step.catch.body) } } : {}),
          }
        case 'foreach':
          return { ...step, body: inBlock(step.body) }
        case 'parallel':
          return { ...step, branches: step.branches.map((branch) => ({ ...branch, body: inBlock(branch.body) })) }
        case 'switch':
          return {
            ...step,
            cases: step.cases.map((each) => ({ ...each, body: inBlock(each.body) })),
            ...(step.else ? { else: inBlock(step.else) } : {}),
          }
        case 'wait':
        case 'approve':
        case 'end':
        case 'fail':
          return step
      }
    }
    const targets = runbook.targets.map((target) => ({ ...target, alias: packs[target.alias] ?? target.alias }))
    return { ...runbook, targets, steps: runbook.steps.map(inStep) }
  }

  function called(name: string, callers: readonly string[]): Runbook {
    const known = joined.get(name)
    if (known) return known
    const runbook = catalogue.runbook(name)
    if (!runbook) throw new Error(`there is no runbook ${name}`)
    if (callers.includes(name)) throw new Error(`the runbook ${name} calls itself`)
    const made = join(runbook, [...callers, name])
    joined.set(name, made)
    return made
  }

  return join
}
