"""What no program can find: reasons and results that are tied to numbers of the text by hand.

A test does the arithmetic of the reasons again, compares the results with the data, and finds each line
used.
"""

# By page or section. A reason that begins with "=" is arithmetic, which a test does again.
REASONS = {
    ("01_translation_as_sequences", "4.67"): "= (2 + 4 + 8) / 3",
    ("01_translation_as_sequences", "215"): "= 356 - 141",
    ("01_translation_as_sequences", "59"): "= 9 + 50",
    ("01_translation_as_sequences", "0.3"): "= 3 / 10",
    ("01_translation_as_sequences", "25"): "the default of `plots.learning_curves`",
    ("01_translation_as_sequences", "64"): "n, set where the network is made",
    ("02_fixed_length_bottleneck", "1,024"): "= 2 * 512",
    ("02_fixed_length_bottleneck", "41"): "= 5 + 720 // 20",
    ("03_bahdanau_attention", "230"): "= 5 * 46",
    ("03_bahdanau_attention", "46"): "= 230 / 5",
    ("03_bahdanau_attention", "15 %"): "= 100 * (1 - 0.85)",
    ("04_reading_alignments", "230"): "= 5 * 46",
    ("04_reading_alignments", "64"): "units of every model of the page",
    ("06_queries_keys_values", "7/8"): "= 1 - 1 / 8",
    ("06_queries_keys_values", "1/16"): "= 1 / 16",
    ("06_queries_keys_values", "3.12"): "a version of Keras",
    ("07_masks_heads_self_attention", "1/1000"): "= 10000 ** (-6 / 8)",
    ("08_transformer", "25"): "= 5 * 5",
    ("08_transformer", "250"): "the steps of every curve of transformer.json",
    ("08_transformer", "920"): "= 20 * 46",
    ("04_reading_alignments", "0.99"): "an example",
    ("07_masks_heads_self_attention", "23"): "= 24 - 1",
    ("08_transformer", "64"): "= 256 / 4",
    ("09_what_attention_costs", "67"): "= 512 * 512 * 64 * 4 / 10**6",
    ("From 64 words to 4,096", "1.5"): "= (4 * 64 + 2 * 64 + 5) / (4 * 64 + 5)",
    ("Every size, five seeds", "3.4"): "Table 6, whose check asserts it",
    ("09_what_attention_costs", "4"): "= (16).bit_length() - 1",
    ("09_what_attention_costs", "300"): "the limit of experiments/attention_costs.py",
    ("09_what_attention_costs", "3.2"): "= 2 ** 1.7",
    ("09_what_attention_costs", "49,000"): "= 12 * 4096",
    ("09_what_attention_costs", "1/16"): "= 1 / 16",
    ("09_what_attention_costs", "10,000"): "given by an exercise",
    ("09_what_attention_costs", "16.4"): "= 131.072 / 8",
    ("your_own_sentences", "32"): "the default of `train`",
    ("your_own_sentences", "50"): "every=50 of the training, and an example",
}
# Results of the data whose paragraph does not name the runs, by section: the file, the runs, the
# result, and which of the seeds; with a second name, how far that is from the mean of those runs.
TIED = {
    ("Does the draw of lengths decide?", "7"): (
        "one_change.json",
        "moving",
        "bleu 41-50",
        "mean",
        "moving-short",
    ),
    ("Beyond the lengths it has seen", "72"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "lowest",
    ),
    ("Beyond the lengths it has seen", "85"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "highest",
    ),
    ("Beyond the lengths it has seen", "14"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "highest",
        "bahdanau",
    ),
    ("Beyond the lengths it has seen", "28"): (
        "one_change.json",
        "bahdanau-30",
        "bleu 41-50",
        "lowest",
        "bahdanau",
    ),
    ("On real sentences", "97"): ("real_sentences.json", "bahdanau", "length_ratio 21-40", "mean"),
}
