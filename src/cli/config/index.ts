export { CONFIG_FILE, type Config, type ConfiguredTarget, defaultConfig, loadConfig, readConfig } from './read.ts'
export { configSchema, editorConfigSchema } from './schema.ts'
export { checkTargets, openTarget, secretsOf } from './targets.ts'
