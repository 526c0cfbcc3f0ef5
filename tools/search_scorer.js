// Chapters before the names of the package: who types "transformer" looks for the chapter first.
var Scorer = {
  objNameMatch: 3,
  objPartialMatch: 1,
  objPrio: {0: 1, 1: 0, 2: -1},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
