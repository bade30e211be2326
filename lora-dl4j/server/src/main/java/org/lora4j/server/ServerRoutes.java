/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.server;

import java.util.List;
import org.lora4j.internal.http.Endpoints;
import org.lora4j.internal.http.Metrics;
import org.lora4j.internal.server.LanguageModels;
import org.lora4j.internal.server.ModelCatalog;
import org.lora4j.internal.server.admin.AdapterEndpoints;
import org.lora4j.internal.server.admin.AliasEndpoints;
import org.lora4j.internal.server.admin.AllowedFolders;
import org.lora4j.internal.server.admin.ModelMetrics;
import org.lora4j.internal.server.inference.InferenceEndpoints;
import org.lora4j.internal.server.openai.OpenAiEndpoints;
import org.lora4j.internal.server.page.PageEndpoints;
import org.lora4j.internal.server.tei.OpenAiEmbeddings;
import org.lora4j.internal.server.tei.TeiEndpoints;

/** The table of protocols. */
final class ServerRoutes {

    /** How vLLM's names of metrics begin. */
    private static final String VLLM = "vllm:";

    private ServerRoutes() {}

    static List<Endpoints> of(
            ModelCatalog catalog, AllowedFolders folders, ServerLimits limits, Metrics metrics, boolean vllmNames) {
        ModelMetrics.register(catalog, metrics);
        return List.of(
                new TeiEndpoints(catalog, limits.requests()),
                new OpenAiEndpoints(new LanguageModels(catalog), vllmNames ? metrics.withPrefix(VLLM) : metrics),
                new OpenAiEmbeddings(catalog),
                new InferenceEndpoints(catalog),
                new AdapterEndpoints(catalog, folders),
                new AliasEndpoints(catalog),
                new PageEndpoints());
    }
}
