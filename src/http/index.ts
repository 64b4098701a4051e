export { createHttp, type HttpOptions } from './client.ts'
export { type ForeseenRequest, foreseenRequests } from './foresee.ts'
export type { Delivered, Network } from './in-process.ts'
export type {
  Binding,
  BodyStore,
  Exchange,
  Http,
  HttpAnswer,
  HttpRequest,
  Limits,
  Login,
  LoginHttp,
  Logins,
  SendOptions,
  Session,
} from './model.ts'
export { TransportFailed } from './model.ts'
export { operationHandlers } from './operation-handlers.ts'
