/** What browsers have and TypeScript's library does not. */
declare global {
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
}

export {};
