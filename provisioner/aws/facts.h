/* What the journal keeps of an AWS deployment beside the ids of its objects ("aws.vpc", ...). */
#pragma once

#define AWS_FACT_INSTANCE "aws.instance" /* its id, as every kind has one; see inventory.h */
#define AWS_FACT_ACCOUNT  "aws.account"
#define AWS_FACT_REGION   "aws.region"
#define AWS_FACT_NETWORK  "aws.network" /* "own own", or the ids of the given subnet and group */
#define AWS_FACT_IP       "aws.ip"
#define AWS_FACT_IMAGE    "aws.image"    /* {"id","name","root_device","owner","arch","wanted","type"}: see choice.h */
#define AWS_FACT_RUN      "aws.run"      /* the request of RunInstances without the user data; see instance.c */
#define AWS_FACT_LAUNCHED "aws.launched" /* ISO 8601, UTC */
#define AWS_FACT_ASKED    "aws.asked"    /* wall clock, ms: about when a request was sent whose answer nobody knows */
#define AWS_FACT_TYPE     "aws.type"     /* of the instance that runs */
