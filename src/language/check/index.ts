export { checkRunbook } from './check.ts'
export { expressionsIn } from './inference.ts'
export { typeWhere, type Visible, visibleAfter } from './outlook.ts'
export { type Call, earlierStep, earlierSteps, type Sight, type Site, type Survey, survey } from './survey.ts'
