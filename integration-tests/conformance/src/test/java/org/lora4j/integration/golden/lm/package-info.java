/**
 * Golden cases of language models: what transformers and its tokenizers computed, and what it takes to agree with them. A class
 * for each folder of the fixtures gives a list of {@link org.lora4j.integration.golden.lm.LmCase}.
 */
package org.lora4j.integration.golden.lm;
