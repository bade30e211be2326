/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.tribuo;

import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.Lora;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.integration.datasets.LabeledText;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.Pooling;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.TokenInputConverter;
import org.lora4j.tribuo.text.TokenIdPipeline;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.tribuo.Feature;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.data.text.TextPipeline;
import org.tribuo.data.text.impl.TextFeatureExtractorImpl;

/** MiniLM: as a base to adapt, and frozen, as vectors of texts. */
final class Encoder implements AutoCloseable {

    private static final int LONGEST = 64;
    private static final int BATCH = 64;

    private final HuggingFaceTextTokenizer tokenizer;
    private final TokenIdPipeline tokens;
    private final BaseNetwork base;
    private final GraphExecutor frozen;
    private final Map<String, float[]> vectors = new HashMap<>();

    Encoder() throws IOException {
        EncoderWeights weights = MiniLm.weights();
        tokenizer = MiniLm.tokenizer(LONGEST);
        tokens = new TokenIdPipeline(tokenizer);
        base = BaseNetwork.of(weights, Pooling.NORMALIZED_MEAN);
        frozen = Lora.executor(
                EncoderGraph.create(weights, Pooling.NORMALIZED_MEAN).graph());
    }

    BaseNetwork base() {
        return base;
    }

    TokenInputConverter inputs() {
        return tokens.inputConverter();
    }

    /** Texts as token ids, for the base. */
    <T extends Output<T>> MutableDataset<T> tokens(List<LabeledText> texts, OutputFactory<T> factory) {
        return data("token ids", texts, tokens, factory);
    }

    /** Texts as what the frozen encoder makes of them, of length 1. They must have been encoded. */
    <T extends Output<T>> MutableDataset<T> vectors(List<LabeledText> texts, OutputFactory<T> factory) {
        return data("vectors", texts, new Vectors(), factory);
    }

    static <T extends Output<T>> MutableDataset<T> data(
            String name, List<LabeledText> texts, TextPipeline pipeline, OutputFactory<T> factory) {
        return new MutableDataset<>(LabeledText.source(name, texts, new TextFeatureExtractorImpl<>(pipeline), factory));
    }

    /** Encodes texts once. */
    void encode(List<LabeledText> texts, Consumer<String> out) {
        List<String> open = texts.stream()
                .map(LabeledText::text)
                .distinct()
                .filter(text -> !vectors.containsKey(text))
                .sorted(Comparator.comparingInt(text -> tokenizer.encode(text).length))
                .toList();
        for (int from = 0; from < open.size(); from += BATCH) {
            encodeBatch(open.subList(from, Math.min(open.size(), from + BATCH)));
            if (from / BATCH % 20 == 0) {
                out.accept(String.format(Locale.ROOT, "encoded %d of %d texts", from, open.size()));
            }
        }
    }

    private void encodeBatch(List<String> batch) {
        List<int[]> ids = new ArrayList<>();
        batch.forEach(text -> ids.add(tokenizer.encode(text)));
        int length = ids.stream().mapToInt(row -> row.length).max().orElseThrow();
        int[][] padded = new int[ids.size()][length];
        float[][] mask = new float[ids.size()][length];
        for (int i = 0; i < padded.length; i++) {
            for (int j = 0; j < ids.get(i).length; j++) {
                padded[i][j] = ids.get(i)[j];
                mask[i][j] = 1;
            }
        }
        INDArray pooled = frozen.output(
                        Map.of(
                                EncoderGraph.INPUT_IDS, Nd4j.createFromArray(padded),
                                EncoderGraph.ATTENTION_MASK, Nd4j.createFromArray(mask)),
                        List.of(EncoderGraph.POOLED))
                .get(EncoderGraph.POOLED);
        for (int i = 0; i < padded.length; i++) {
            vectors.put(batch.get(i), pooled.getRow(i).dup().toFloatVector());
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    /** Looks a text's vector up. */
    private final class Vectors implements TextPipeline {

        @Override
        public List<Feature> process(String tag, String data) {
            float[] vector = vectors.get(data);
            List<Feature> features = new ArrayList<>(vector.length);
            for (int i = 0; i < vector.length; i++) {
                features.add(new Feature(String.format(Locale.ROOT, "v%03d", i), vector[i]));
            }
            return features;
        }

        @Override
        public ConfiguredObjectProvenance getProvenance() {
            return new ConfiguredObjectProvenanceImpl(this, "TextPipeline");
        }
    }
}
