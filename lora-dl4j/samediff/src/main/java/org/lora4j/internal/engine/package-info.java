/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Runs graphs: by plans, with kernels and a library that multiplies; takes gradients of them by the reverse pass; decides in how
 * many parts a batch is run. {@link org.lora4j.exec.GraphExecutor} is what others see. A class that does one of these things goes
 * here, one that does it for one kind of op to {@code exec.kernel}.
 */
package org.lora4j.internal.engine;
