/** Labels that Calico itself puts on what it knows (docs.tigera.io, Calico automatic labels). */
export const NAMESPACE_LABEL = 'projectcalico.org/namespace'; // on all that is in a namespace
export const SERVICE_ACCOUNT_LABEL = 'projectcalico.org/serviceaccount'; // on pods
export const ORCHESTRATOR_LABEL = 'projectcalico.org/orchestrator'; // on pods; here always `k8s`
export const NAME_LABEL = 'projectcalico.org/name'; // of a namespace, of a service account: in selectors of those

/** Under these, pods carry the labels of their namespace and of their service account (felix: conversion of profiles). */
export const NAMESPACE_PREFIX = 'pcns.';
export const SERVICE_ACCOUNT_PREFIX = 'pcsa.';
