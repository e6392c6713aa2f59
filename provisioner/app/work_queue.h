/* Queues of a work pool: concurrency limit and priority, by REST. Queues that the spec does not name stay. */
#pragma once
#include "app/prefect_api.h"
#include "core/err.h"
#include "spec/spec.h"

/* 1: all there as the spec says; 0: something differs; -1. */
int work_queues_check(struct prefect_api *api, const struct spec_pool *pool, struct err *e) NODISCARD;
int work_queues_apply(struct prefect_api *api, const struct spec_pool *pool, struct err *e) NODISCARD;
