// Steps of which less is known than stands in the text, as they build on steps that could not be read.
import { references } from '../expressions/index.ts'
import type { Template } from '../model.ts'
import type { Survey } from './survey.ts'

/** Whether an expression refers, over however many steps, to one that parsing left out. */
export function cloudedIn({ broken, sites }: Survey): (template: Template) => boolean {
  const ids = new Set(broken.keys())
  const isClouded = (template: Template): boolean =>
    references(template).some(({ root, path: [id] }) => root === 'steps' && (id === undefined || ids.has(id)))
  // Sites stand in the order of the text, and steps refer to earlier ones only.
  for (const { template, sight } of sites) if (isClouded(template)) for (const { id } of sight.around) ids.add(id)
  return isClouded
}
