export { CONFIG_FILE, type Config, type ConfiguredTarget, defaultConfig, loadConfig, readConfig } from './read.ts'
export { editorConfigSchema } from './schema.ts'
export { checkTargets, openTargets, secretsOf } from './targets.ts'
