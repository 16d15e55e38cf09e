/**
 * Rounds of drand's quicknet as its relays published them: round, signature, and the random value where it was published with
 * it. From drand's HTTP guide (42), and the test data of drand-verify (123), of its Python binding (657413), and of two
 * verifiers on chains (1000, 58810).
 */
export const QUICKNET_ROUNDS: readonly { round: number; signature: string; randomness?: string }[] = [
  {
    round: 42,
    signature:
      "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a",
  },
  {
    round: 123,
    signature:
      "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
  },
  {
    round: 1_000,
    signature:
      "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    randomness: "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
  },
  {
    round: 58_810,
    signature:
      "876b8586ed9522abd0ca596d6e214e9a7e9bedc4a2e9698d27970e892287268062aba93fd1a7c24fcc188a4c7f0a0e98",
  },
  {
    round: 657_413,
    signature:
      "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
    randomness: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
  },
];
