/** A small cluster: an agent with what its advice on the web gives it, and who is around it. */
export const WORKLOADS = `apiVersion: v1
kind: Namespace
metadata: { name: agents }
---
apiVersion: v1
kind: Namespace
metadata: { name: monitoring }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: openclaw, namespace: agents }
spec:
  selector: { matchLabels: { app: openclaw } }
  template:
    metadata: { labels: { app: openclaw } }
    spec:
      containers: [{ name: openclaw, image: openclaw, ports: [{ name: gateway, containerPort: 18789 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: openclaw, namespace: agents }
spec:
  selector: { app: openclaw }
  ports: [{ port: 80, targetPort: gateway }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: prometheus, namespace: monitoring }
spec:
  selector: { matchLabels: { app: prometheus } }
  template:
    metadata: { labels: { app: prometheus } }
    spec:
      containers: [{ name: prometheus, image: prometheus, ports: [{ containerPort: 9090 }] }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: coredns, namespace: kube-system }
spec:
  selector: { matchLabels: { k8s-app: kube-dns } }
  template:
    metadata: { labels: { k8s-app: kube-dns } }
    spec:
      containers: [{ name: coredns, image: coredns, ports: [{ containerPort: 53, protocol: UDP }] }]
`;

/** What is found on the web: each rule means something else than its author thinks. */
export const POLICY = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: openclaw, namespace: agents }
spec:
  podSelector: { matchLabels: { app: openclaw } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ podSelector: { matchLabels: { app: prometheus } } }]
      ports: [{ port: gateway }]
  egress:
    - to: [{ podSelector: {} }]
      ports: [{ port: 53, protocol: UDP }]
    - to: [{ namespaceSelector: {} }]
      ports: [{ port: 443 }]
`;

/** What the author meant. */
export const MENDED = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: openclaw, namespace: agents }
spec:
  podSelector: { matchLabels: { app: openclaw } }
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } }
          podSelector: { matchLabels: { app: prometheus } }
      ports: [{ port: gateway }]
  egress:
    - to:
        - namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }
          podSelector: { matchLabels: { k8s-app: kube-dns } }
      ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    - to: [{ ipBlock: { cidr: 203.0.113.0/24 } }]
      ports: [{ port: 443 }]
`;
