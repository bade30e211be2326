/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.landing;

import dev.langchain4j.data.document.Metadata;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.OnnxEmbeddingModel;
import dev.langchain4j.model.embedding.onnx.PoolingMode;
import dev.langchain4j.store.embedding.EmbeddingSearchRequest;
import dev.langchain4j.store.embedding.EmbeddingStore;
import dev.langchain4j.store.embedding.inmemory.InMemoryEmbeddingStore;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.text.LabeledText;

/** A retrieval program as LangChain4j's users write it: an embedding model from two files, a store in memory. */
final class Retrieval {

    private final EmbeddingModel model;
    private final EmbeddingStore<TextSegment> store = new InMemoryEmbeddingStore<>();

    private Retrieval(EmbeddingModel model) {
        this.model = model;
    }

    static EmbeddingModel model(Path directory) {
        return new OnnxEmbeddingModel(
                directory.resolve("model.onnx"), directory.resolve("tokenizer.json"), PoolingMode.MEAN);
    }

    /** The answer to a question is what is stored under its intent. */
    static Retrieval of(Path directory, Map<String, List<String>> questions) {
        Retrieval retrieval = new Retrieval(model(directory));
        List<TextSegment> segments = new ArrayList<>();
        questions.forEach((intent, texts) ->
                texts.forEach(text -> segments.add(TextSegment.from(text, Metadata.from("intent", intent)))));
        List<Embedding> embeddings = retrieval.model.embedAll(segments).content();
        retrieval.store.addAll(embeddings, segments);
        return retrieval;
    }

    String answer(String question) {
        EmbeddingSearchRequest request = EmbeddingSearchRequest.builder()
                .queryEmbedding(model.embed(question).content())
                .maxResults(1)
                .build();
        return store.search(request).matches().get(0).embedded().metadata().getString("intent");
    }

    double recall(List<LabeledText> questions) {
        long right = questions.stream()
                .filter(question -> question.labels().get(0).equals(answer(question.text())))
                .count();
        return (double) right / questions.size();
    }
}
