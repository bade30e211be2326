/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft.host;

import java.util.Map;

/** The table of architectures by the name that cases give them. */
final class Networks {

    static final Map<String, Network> BY_MODEL = Map.ofEntries(
            Map.entry("mlp", Network.of(FeedForward::mlp)),
            Map.entry("seqmlp", Network.of(FeedForward::sequential)),
            Map.entry("lnmlp", Network.of(FeedForward::normalized)),
            Map.entry("embnet", Network.of(FeedForward::embedding)),
            Map.entry("convnet", Network.of(Convolutions::net)),
            Map.entry("moe", Network.of(Experts::net)),
            Map.entry("stack", Network.of(Stacks::one)),
            Map.entry("twostack", Network.of(Stacks::two)),
            Map.entry("bert", new BertNetwork()),
            Map.entry("gpt2", new Gpt2Network()),
            Map.entry("llama", new LlamaNetwork()));

    private Networks() {}
}
