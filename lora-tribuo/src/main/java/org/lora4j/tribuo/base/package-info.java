/**
 * Frozen pretrained networks, shared by any number of trainers and models.
 *
 * <p>{@link org.lora4j.tribuo.base.BaseNetwork} is what users configure; {@link org.lora4j.tribuo.base.BaseNetworks} finds
 * the one that a saved model belongs to. Beneath, a {@code Body} is a network of one kind, and {@link
 * org.lora4j.tribuo.base.AdaptedBase} such a network with a head and adapters, trained by {@link org.lora4j.train.Trainer}
 * whatever the kind. A further kind of network is a {@code Body} and a constant of {@link
 * org.lora4j.tribuo.base.BaseKind}.
 */
package org.lora4j.tribuo.base;
