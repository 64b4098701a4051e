export { formatProblem } from './format-problem.ts'
export { type Migrated, migrate } from './migrate.ts'
export { FORMATS, type Formats, type Formatted, type Migration } from './migrations.ts'
