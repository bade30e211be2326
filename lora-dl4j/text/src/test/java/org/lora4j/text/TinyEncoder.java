/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.nd4j.linalg.api.buffer.DataType;

/** A random encoder of two layers with a tokenizer of word pieces, and texts that it can learn to tell apart. */
public final class TinyEncoder {

    static final int LONGEST = 16;

    private static final List<String> PIECES = List.of(
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "very", "film", "a", "the", "play", "##ing",
            "##ed", "in", "new", "york", "paris", "is", "not", ",", ".", "ma", "##ı", "stra", "##ße", "zu", "##rich",
            "card", "lost", "my", "where", "pay", "rate", "high", "low");

    private TinyEncoder() {}

    public static HuggingFaceTextTokenizer tokenizer() {
        StringBuilder vocabulary = new StringBuilder();
        for (int i = 0; i < PIECES.size(); i++) {
            vocabulary
                    .append(i == 0 ? "" : ", ")
                    .append('"')
                    .append(PIECES.get(i))
                    .append("\": ")
                    .append(i);
        }
        String json = """
                {"version": "1.0", "truncation": null, "padding": null,
                 "added_tokens": [
                  {"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                  {"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
                 "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
                  "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
                  "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
                 "decoder": null,
                 "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
                  "vocab": {%s}}}
                """.formatted(vocabulary);
        try {
            return HuggingFaceTextTokenizer.load(
                    new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), "tiny tokenizer", LONGEST);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static EncoderWeights weights(DataType type) {
        EncoderConfig config = EncoderConfig.bert(2, 16, 2, 32, PIECES.size(), LONGEST, 2);
        // Ten times what BERT starts with, so that tokens move the result.
        EncoderWeights weights = EncoderWeights.random(config, 7, type);
        weights.tensors().forEach((name, array) -> {
            if (array.rank() == 2) {
                array.muli(10);
            }
        });
        return weights;
    }

    public static TextEncoder create() {
        return TextEncoder.of(weights(DataType.FLOAT), tokenizer(), Pooling.NORMALIZED_MEAN);
    }

    /** Texts of random words with "good" or "bad" among them; the label says which. */
    public static List<LabeledText> reviews(int count, long seed) {
        Random random = new Random(seed);
        List<String> fillers = List.of("a", "the", "film", "very", "is", "my", "card", "new", "in");
        List<LabeledText> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<String> words = new ArrayList<>();
            int length = 2 + random.nextInt(5);
            for (int j = 0; j < length; j++) {
                words.add(fillers.get(random.nextInt(fillers.size())));
            }
            boolean good = i % 2 == 0;
            words.add(random.nextInt(words.size() + 1), good ? "good" : "bad");
            texts.add(new LabeledText(String.join(" ", words) + " " + i, good ? "positive" : "negative"));
        }
        return texts;
    }
}
