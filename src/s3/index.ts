export { type Retention, type S3Bucket, S3Failed, S3Lost } from './model.ts'
export { type Objects, openBucket } from './objects.ts'
