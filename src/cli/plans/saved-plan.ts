// Plans as files: written whole or not at all, for the owner's eyes; read back only as they were written.
import { randomUUID } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Plan, planAsJson, readPlan } from '../../plan/index.ts'
import { isUnknown, type JsonObject } from '../../values/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Host } from '../host.ts'
import { refuseErrors } from '../refusal.ts'
import { readText } from '../session/index.ts'

/** Replaces a file of this name. */
export async function savePlan(host: Host, file: string, plan: Plan): Promise<void> {
  const path = resolve(host.workingDirectory, file)
  const unfinished = `${path}.${randomUUID()}`
  try {
    await writeFile(unfinished, planAsJson(plan), { mode: 0o600, flag: 'wx', flush: true })
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
}

/** Throws Refusal. */
export async function loadPlan(host: Host, file: string): Promise<Plan> {
  const { plan, diagnostics } = readPlan(await readText(host, file), file)
  refuseErrors(diagnostics, new Map(), EXIT.usage)
  if (!plan) throw new Error('a plan without errors is there')
  return plan
}

/** Where a runbook could be named as well, a saved plan is told by its ending. */
export const isSavedPlan = (file: string): boolean => file.endsWith('.json')

/** Those that the plan was made with. */
export const knownInputs = ({ inputs }: Plan): JsonObject =>
  Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isUnknown(value)))
