// The two functions of sodium-native that the vault uses: Poly1305 as a one-time authenticator.
declare module 'sodium-native' {
  const sodium: {
    /** `key` is 32 bytes, r ‖ s; r is clamped inside. */
    crypto_onetimeauth(out: Buffer, message: Buffer, key: Buffer): void
    crypto_onetimeauth_verify(mac: Buffer, message: Buffer, key: Buffer): boolean
  }
  export default sodium
}
