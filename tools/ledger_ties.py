"""What no program can find: reasons and results that are tied to numbers of the text by hand.

A test does the arithmetic of the reasons again, compares the results with the data, and finds each line
used.
"""

# By page or section; a small whole number by section alone. A reason that begins with "=" is arithmetic, which a test does again.
REASONS = {
    ("01_translation_as_sequences", "4.67"): "= (2 + 4 + 8) / 3",
    ("02_fixed_length_bottleneck", "1,024"): "= 2 * 512",
    ("06_queries_keys_values", "7/8"): "= 1 - 1 / 8",
    ("06_queries_keys_values", "3.12"): "a version of Keras",
    ("07_masks_heads_self_attention", "1/1000"): "= 10000 ** (-6 / 8)",
    ("04_reading_alignments", "0.99"): "an example",
    ("09_what_attention_costs", "49,000"): "= 12 * 4096",
    ("09_what_attention_costs", "10,000"): "given by an exercise",
    ("09_what_attention_costs", "16.4"): "= 131.072 / 8",
    ("01_translation_as_sequences", "0.3"): "an example, in words beside it",
    ("06_queries_keys_values", "1/8"): "8 guests, equally likely",
    ("06_queries_keys_values", "1/16"): "16 dishes, equally likely",
    ("09_what_attention_costs", "1/16"): "16 dishes, equally likely",
    ("From 64 words to 4,096", "1.5"): "= (4 * 64 + 2 * 64 + 5) / (4 * 64 + 5)",
    ("Every size, five seeds", "3.4"): "Table 6, whose check asserts it",
    ("Exercise 3: the loss of an epoch", "0.42"): "= 1.50 - 1.08",
    ("Two models that need no network", "215"): "= 356 - 141",
    ("Exercise 5: what padding would do to the loss", "59"): "= 9 + 50",
    ("The training step", "25"): "the default of `plots.learning_curves`",
    ("One thing changes", "230"): "= 5 * 46",
    ("An alignment is born", "230"): "= 5 * 46",
    ("What more the Transformer of 2017 had", "0.9"): "= 1 - 0.1",
    ("What recurrence costs", "25"): "= 5 * 5",
    ("Beside the recurrent translator", "920"): "= 20 * 46",
    ("Which head aligns?", "920"): "= 20 * 46",
    ("Rotations", "23"): "= 2 * 11 + 1",
    ("Then measure", "67"): "= 512 * 512 * 64 * 4 / 10**6",
    ("A softmax in pieces", "67"): "= 4096 * 4096 * 4 / 10**6",
    ("What a count of numbers leaves out", "4"): "= (16).bit_length() - 1",
    ("From 64 words to 4,096", "300"): "the limit of experiments/attention_costs.py",
    ("A softmax in pieces", "300"): "the limit of experiments/attention_costs.py",
    ("From the file to a translator", "32"): "the default of `train`",
    ("When the machine stops", "50"): "`every=50` of the training",
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
