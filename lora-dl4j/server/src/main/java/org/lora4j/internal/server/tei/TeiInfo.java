/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.lora4j.serve.text.LoadedTask;
import org.lora4j.serve.text.TextServer;
import org.lora4j.trust.LibraryVersion;

/**
 * What {@code /info} says of a model.
 *
 * @param requests how many requests are taken at the same time
 */
record TeiInfo(int requests) {

    ObjectNode of(TextTarget target) {
        TextServer server = target.server();
        LoadedTask task = server.task(target.adapter());
        ObjectNode info = JsonNodeFactory.instance.objectNode();
        info.put(
                "model_id",
                server.encoder().name().isEmpty()
                        ? target.name()
                        : server.encoder().name());
        info.put(
                "model_sha",
                task.by().contentHash().isEmpty() ? null : task.by().contentHash());
        info.put("model_dtype", "float32");
        info.put("served_model_name", target.name());
        info.set("model_type", type(task, server));
        info.put("max_concurrent_requests", requests);
        info.put("max_input_length", server.encoder().maxLength());
        info.put("max_batch_tokens", server.limits().batchTokens());
        info.put("max_batch_requests", server.limits().batchRows());
        info.put("max_client_batch_size", server.limits().texts());
        info.put("auto_truncate", false);
        info.put("tokenization_workers", Runtime.getRuntime().availableProcessors());
        info.put("version", LibraryVersion.LORA4J);
        info.putNull("sha");
        info.putNull("docker_label");
        return info;
    }

    private static ObjectNode type(LoadedTask task, TextServer server) {
        ObjectNode type = JsonNodeFactory.instance.objectNode();
        switch (task.kind()) {
            case VECTORS ->
                type.putObject("embedding")
                        .put("pooling", server.encoder().pooling().toString());
            case RELEVANCE -> type.set("reranker", labels(List.of("LABEL_0")));
            case NUMBER -> type.set("classifier", labels(List.of("LABEL_0")));
            default -> type.set("classifier", labels(task.labels()));
        }
        return type;
    }

    private static ObjectNode labels(List<String> labels) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        ObjectNode byIndex = all.putObject("id2label");
        ObjectNode byLabel = all.putObject("label2id");
        for (int i = 0; i < labels.size(); i++) {
            byIndex.put(Integer.toString(i), labels.get(i));
            byLabel.put(labels.get(i), i);
        }
        return all;
    }
}
