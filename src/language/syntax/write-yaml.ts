// Data as a YAML document, for files that people go on with. Runbooks are never written so: they keep their comments and their form.
import { stringify } from 'yaml'
import type { Json } from '../../values/index.ts'

export const writeYaml = (value: Json): string => stringify(value, { lineWidth: 130, aliasDuplicateObjects: false })
