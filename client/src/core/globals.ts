/** Browser globals that TypeScript's library lacks. */
declare global {
  interface Navigator {
    readonly globalPrivacyControl?: boolean;
  }
}

export {};
