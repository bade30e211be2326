/**
 * What hosts share: the verbs of {@link org.lora4j.model.AdaptedModel} with their states and refusals, what a config selects
 * among modules and parameters, whether an adapter fits, and the folding of adapters into weights.
 *
 * <p>A host adds how its models list modules, run adapters and hold values. Nothing here knows SameDiff or DL4J. Not API:
 * applications use the hosts.
 */
package org.lora4j.host;
