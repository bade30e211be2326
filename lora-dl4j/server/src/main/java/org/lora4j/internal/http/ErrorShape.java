/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * How a protocol tells a failure.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface ErrorShape {

    /** OpenAI's: {@code {"error":{"message","type","param","code"}}}. */
    ErrorShape OPENAI = problem -> {
        ObjectNode error = JsonNodeFactory.instance.objectNode();
        error.put("message", problem.getMessage());
        error.put("type", problem.type());
        error.put("param", problem.param().orElse(null));
        error.put("code", problem.code().orElse(null));
        ObjectNode body = JsonNodeFactory.instance.objectNode();
        body.set("error", error);
        return body;
    };

    /** Text Embeddings Inference's: {@code {"error","error_type"}}. */
    ErrorShape TEI = problem -> JsonNodeFactory.instance
            .objectNode()
            .put("error", problem.getMessage())
            .put("error_type", problem.kind().tei());

    /** Where both protocols have the path: OpenAI's, and beside it the fields that Text Embeddings Inference has there. */
    ErrorShape OPENAI_AND_TEI = problem -> ((ObjectNode) OPENAI.body(problem))
            .put("message", problem.getMessage())
            .put("code", problem.kind().status())
            .put("type", problem.kind().tei())
            .put("error_type", problem.kind().tei());

    /** The Open Inference Protocol's: {@code {"error"}}. */
    ErrorShape INFERENCE = problem -> JsonNodeFactory.instance.objectNode().put("error", problem.getMessage());

    /** What the body of the answer is. */
    JsonNode body(HttpProblem problem);
}
