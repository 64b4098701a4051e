// The JSON Schemas for editors and other programs.
import { alertSchema } from '../../src/cli/alerts/index.ts'
import { editorConfigSchema } from '../../src/cli/config/index.ts'
import type { Host } from '../../src/cli/index.ts'
import { eventsSchema } from '../../src/cli/views/index.ts'
import { runbookSchema } from '../../src/language/index.ts'
import { packSchema } from '../../src/packs/index.ts'
import { planSchema } from '../../src/plan/index.ts'
import { scriptSchema } from '../../src/rehearse/index.ts'
import type { JsonSchema } from '../../src/values/index.ts'
import { shippedPacks } from './shipped-packs.ts'

export async function schemas(host: Host): Promise<Readonly<Record<string, string>>> {
  const connections = (await shippedPacks(host)).flatMap((pack) => Object.values(pack.connections))
  const byName: Readonly<Record<string, JsonSchema>> = {
    runbook: runbookSchema,
    pack: packSchema,
    config: editorConfigSchema(connections),
    events: eventsSchema,
    plan: planSchema,
    rehearsal: scriptSchema,
    alert: alertSchema,
  }
  return Object.fromEntries(
    Object.entries(byName).map(([name, schema]) => [`schemas/${name}.schema.json`, `${JSON.stringify(schema, undefined, 2)}\n`]),
  )
}
