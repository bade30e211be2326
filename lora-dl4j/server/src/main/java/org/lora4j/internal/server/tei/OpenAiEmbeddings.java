/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.server.tei;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.ErrorShape;
import org.lora4j.internal.http.Exchange;
import org.lora4j.internal.http.HttpProblem.Kind;
import org.lora4j.internal.http.HttpRoute;
import org.lora4j.internal.http.JsonFields;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.serve.text.TextAnswer;
import org.lora4j.serve.text.TextServer;
import org.lora4j.serve.text.VectorOptions;

/**
 * OpenAI's endpoint of embeddings.
 *
 * @apiNote Status: internal
 */
public final class OpenAiEmbeddings implements Endpoints {

    private static final String BASE64 = "base64";

    private final ModelCatalog catalog;

    public OpenAiEmbeddings(ModelCatalog catalog) {
        this.catalog = catalog;
    }

    @Override
    public List<HttpRoute> routes() {
        return List.of(HttpRoute.post("/v1/embeddings", ErrorShape.OPENAI_AND_TEI, this::embeddings));
    }

    private void embeddings(Exchange exchange) {
        JsonFields fields = JsonFields.of(exchange.json(), Kind.BAD_REQUEST);
        TextTarget target = TextTarget.of(catalog, exchange, fields.text("model"));
        TextServer server = target.server();
        List<String> texts = TeiFields.texts(server, fields, "input");
        boolean base64 = fields.word("encoding_format", List.of("float", BASE64))
                .filter(BASE64::equals)
                .isPresent();
        Optional<String> user = fields.text("user");
        VectorOptions vectors = TeiFields.vectors(server, fields, true);
        exchange.answerWith(
                server.embed(target.adapter(), texts, vectors, TeiFields.options(exchange, fields, user)),
                answer -> body(exchange, answer, target.name(), base64));
    }

    private static ObjectNode body(Exchange exchange, TextAnswer<float[]> answer, String model, boolean base64) {
        TeiEndpoints.made(exchange, answer);
        ObjectNode body = JsonNodeFactory.instance.objectNode().put("object", "list");
        ArrayNode data = body.putArray("data");
        for (float[] vector : answer.results()) {
            ObjectNode one = data.addObject().put("object", "embedding").put("index", data.size() - 1);
            if (base64) {
                one.put("embedding", base64(vector));
            } else {
                one.putPOJO("embedding", vector);
            }
        }
        body.put("model", model);
        body.putObject("usage").put("prompt_tokens", answer.tokens()).put("total_tokens", answer.tokens());
        return body;
    }

    /** FLOAT numbers, the lowest byte first. */
    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
