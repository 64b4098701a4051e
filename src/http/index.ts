export { createHttp, type HttpOptions } from './client.ts'
export {
  type Exchange,
  type Http,
  type HttpAnswer,
  type HttpRequest,
  type Limits,
  type Login,
  type LoginHttp,
  type Logins,
  type SendOptions,
  type Session,
  TransportFailed,
} from './model.ts'
export { operationHandlers } from './operation-handlers.ts'
