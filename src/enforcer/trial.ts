/** What there is of the switch that takes a change back. */
export type Trial =
  | { readonly kind: 'none' } // no switch
  | { readonly kind: 'running'; readonly remainingSeconds: number; readonly comment: string }
  | { readonly kind: 'kept'; readonly comment: string } // on for good; what surrounds it is still as on trial
  | { readonly kind: 'expired'; readonly comment: string } // the switch is there, and off
  | { readonly kind: 'lost'; readonly comment: string }; // on, and the process is gone or silent that would turn it off
